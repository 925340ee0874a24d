//! The step of the SMTP dialogue that a text names.
//!
//! Clients and servers name it in their own ways: a phrase, an exception, a field. Each way is one pattern here, tried in
//! order, in the same single pass as the rules. If no pattern fits, only a reply unique to one step shows it.

use crate::model::Stage;

/// Patterns and the stage each means; the first that fits decides. Blanks match any white space.
///
/// A broken connection at a stage before the final dot is safe to send again. So a cue must name the step for certain:
/// "sending message body" and "sending data" do not, nor does Nodemailer's "command: 'CONN'" alone, which it writes for a
/// broken socket at any step.
pub const CUES: &[(Stage, &str)] = &[
    (
        Stage::Data,
        r"before (the )?(end of data|final dot)|(body|content|data) (is |was )?(incomplete|cut off|not complete)|within the content",
    ),
    (
        Stage::Dot,
        r"in reply to end of data|after (pipelined )?(end of data|sending data block)|(while )?sending end of data",
    ),
    (
        Stage::Dot,
        r"data end command failed|\bmessage failed: |MessageNotAccepted|SMTPDataError|failed after I sent the message",
    ),
    (
        Stage::Dot,
        r"failed to send data|for text command|\bafter the (final )?dot\b|end[- ]of[- ](data|message)|during client data (status|final)",
    ),
    (
        Stage::Dot,
        r"after (all |the )?(data|message|content|body) (transfer|transmission|(was|were|is|has been|had been) (sent|written|transmitted))",
    ),
    (
        Stage::Dot,
        r"after (sending|writing|transmitting) (all |the )?(mail|message|e-?mail|data|content|body)\b",
    ),
    (
        Stage::Dot,
        r"SMTPTransport\.(finishData|bdat)\b|SmtpClient\.(Data|Bdat)(Async)?\(|\bDataStopCommand\.|smtplib\.py.,? line \d+, in data\b|\bin .(net::smtp#)?data'",
    ),
    (
        Stage::Rcpt,
        r"SMTPTransport\.rcptTo|SmtpClient\.(RcptTo|FlushCommandQueue)(Async)?\(|\bRecipientCommand\.",
    ),
    (Stage::Mail, r"SMTPTransport\.mailFrom|SmtpClient\.MailFrom(Async)?\(|\bMailCommand\."),
    (Stage::Data, r"SMTPTransport\.data\(|\bDataCommand\.|during client data 354"),
    (
        Stage::Connect,
        r"refused to talk to me|after initial connection|in response to initial connection|invalid greeting|(greeting|banner) (was )?(never|not) received|initial server greeting|no (greeting|banner)\b",
    ),
    (
        Stage::Connect,
        r"(waiting for|receiving|reading|during)( the| an?| its)?( initial| server| client| smtp)* (greeting|banner)|(greeting|banner) (timed ?out|time-?out)",
    ),
    (
        Stage::Connect,
        r"SMTPConnectError|SMTPConnectTimeout|but greeting failed|expected response code .?220|connection timeout.*command['\x22]?: ?['\x22]CONN\b|command['\x22]?: ?['\x22]CONN\b.*connection timeout",
    ),
    (
        Stage::Connect,
        r"connection could not be established|(could not|couldn.t) connect to|MailConnectException|failed to connect|cannot connect to|unable to connect",
    ),
    (
        Stage::Connect,
        r"smtp connect\(\) failed|connection refused|ECONNREFUSED|connect E[A-Z]+\b|no route to host|\bconnect to \S+: ",
    ),
    (Stage::Connect, r"ENOTFOUND|getaddrinfo|name or service not known|connection actively refused"),
    (
        Stage::Tls,
        r"((reply|response) to|after|during|command['\x22]?:) ?['\x22]?STARTTLS|starttls command failed|cannot start tls|(tls|ssl) (handshake|negotiation|connection failed)",
    ),
    (
        Stage::Tls,
        r"SSLHandshakeException|SSL_connect|certificate verify failed|handshake( operation)? (timed ?out|time-?out)|before secure tls connection",
    ),
    (
        Stage::Tls,
        r"stream_socket_enable_crypto|SMTPTransport\.startTLS|\bStartTlsCommand\.|smtplib\.py.,? line \d+, in starttls\b",
    ),
    (
        Stage::Auth,
        r"SMTPAuthenticationError|AuthenticationFailedException|AuthenticationException|invalid login|could not authenticate",
    ),
    (
        Stage::Auth,
        r"((reply|response) to|after|during|command['\x22]?:) ?['\x22]?AUTH\b|(username|password|auth \w+|auth) command failed|failed to authenticate",
    ),
    (
        Stage::Auth,
        r"expected response code .?(235|334)|sasl authentication failed|authentication unsuccessful|(during|while) (the )?(login|logging in|authenticat)|(login|authentication) (timed ?out|time-?out)",
    ),
    (
        Stage::Auth,
        r"basic authentication is (not supported|disabled)|authentication failure \[smtp|SmtpClient\.Authenticate(Async)?\(|\bAuthCommand\.|smtplib\.py.,? line \d+, in (login|auth)\b",
    ),
    (
        Stage::Rcpt,
        r"((reply|response) to|after|sending|did not like our|during|command['\x22]?:) ?(pipelined )?['\x22]?RCPT\b|for RCPT (to|command|domain)|\[RCPT_TO\]|smtp:rcpt",
    ),
    (
        Stage::Rcpt,
        r"rcpt to command failed|recipient command failed|all recipients were rejected|does not like recipient|expected response code .?250/251|during client rcpt|smtplib\.py.,? line \d+, in rcpt\b",
    ),
    (
        Stage::Rcpt,
        r"SMTPRecipientsRefused|SMTPAddressFailedException|RecipientNotAccepted|SmtpFailedRecipient|following recipients failed",
    ),
    (Stage::Rcpt, r"failed to add recipient|recipient was rejected"),
    (
        Stage::Mail,
        r"((reply|response) to|after|did not like our|during|command['\x22]?:) ?(pipelined )?['\x22]?MAIL FROM($|[^ \w]| command| \[)|\[MAIL_FROM\]",
    ),
    (
        Stage::Mail,
        r"while sending MAIL FROM($|[^ \w:]| command)|(^|connection (closed|lost) |timed out |garbled reply )when sending (MAIL FROM|RSET)($|[^ \w])|mail from command failed|\bmail command failed: [45]|SMTPSenderRefused|SMTPSenderFailedException|SenderNotAccepted",
    ),
    (
        Stage::Mail,
        r"failed to set sender|sender was rejected|following from address failed|does not like sender|closing connection\. \(MAIL\)|for MAIL (from )?command|during client mail|smtplib\.py.,? line \d+, in mail\b",
    ),
    (
        Stage::Ehlo,
        r"((reply|response) to|after|during|performing the|sending|command['\x22]?:) ?['\x22]?(EHLO|HELO|LHLO)|(ehlo|helo) command failed|SMTPHeloError",
    ),
    (
        Stage::Ehlo,
        r"my name was rejected|\((EHLO|HELO)\)|during client (ehlo|helo)|\bE?HelloCommand\.|SMTPTransport\.(ehlo|helo)\(|smtplib\.py.,? line \d+, in (ehlo|helo)\b",
    ),
    (
        Stage::Data,
        r"(in reply to|in response to|after|command['\x22]?:) ?(pipelined )?['\x22]?DATA\b|(sending|for) DATA command|data command failed|failed on data command",
    ),
    (Stage::Data, r"expected response code .?354"),
    (Stage::Dot, r"data not accepted"),
    (
        Stage::Connect,
        r"(network|host|server)( is)? (unreachable|not reachable)|unreachable (network|host)|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|cannot assign requested address|host is down|NoRouteToHost",
    ),
    (
        Stage::Connect,
        r"\bconnect(ing)?( attempt)? (timed ?out|failed)|\bconnect time-?out($|[^ \w:=]|:? (error|exceeded|expired|after|on|for|while))|timed out connecting|connect: (timeout|i/o timeout|connection|operation)|timed out:? \(?connect\b|ConnectTimeout(Error|Exception)|OpenTimeout",
    ),
    (
        Stage::Connect,
        r"(while|when|during|trying|attempt\w*|error|time-?out|timed out)( to| on| in| while| when)? (connect(ing)?\b|connection (establishment|setup|attempt)|(establish|open)(ing)? (a |the )?(smtp |tcp )?(connection|socket))",
    ),
    (
        Stage::Connect,
        r"(could not|cannot|can.t|couldn.t|unable to|failed to|not able to) (be )?(establish\w*|connect\b|contact|reach|open (an? |the )?(\w+ )?(connection|socket|stream|port))",
    ),
    (
        Stage::Connect,
        r"mail server connection failed|(^|[^d] )connection failed[^a-z]*$|connection (to|with) (the )?([^\s;,!]+ ){1,2}failed|connection attempt[^,]*$|failed to respond\.? \(?\[?[0-9a-f.:]+\]?:\d|actively refused|requests? to connect",
    ),
    (
        Stage::Connect,
        r"\bdial tcp|\bconnect\(\d?\)|fsockopen|stream_socket_client|ConnectException|ConnectError|resolving timed out|\bquery(a|aaaa|mx|any|srv|cname|txt) e[a-z]+\b|\blookup \S+( on \S+)?: |run connect\(\) first|server not connected|find a gateway",
    ),
    (
        Stage::Connect,
        r"Smtp(Client|Transport|Connection)\.GetConnection|SmtpClient\.(Connect|PostConnect)(Async)?\(|SMTPTransport\.(openServer|protocolConnect)\(|smtplib\.py.,? line \d+, in (connect|_get_socket)\b|\bin .(net::smtp#)?(tcp_socket|do_start)'",
    ),
    (
        Stage::Connect,
        r"verbindungsaufbau|verbindung[^,;!?]* nicht (hergestellt|aufgebaut|ge(ö|oe)ffnet)|verbindung[^,;!?]* (abgelehnt|verweiger)|verbindung ((zu|zum|zur|mit) ([^\s,;]+ ){1,3})?(ist )?(fehlgeschlagen|gescheitert)|keine verbindung|beim verbinden",
    ),
    (
        Stage::Connect,
        r"lors de la connexion|connexion (a (é|e)t(é|e) )?refus|impossible de (se connecter|joindre|contacter)|impossible d.((é|e)tablir|ouvrir)|(^|[^e] )connexion (à|a|au|avec|vers)[^,;!?]* (é|e)chou|connexion n.a pu (ê|e)tre|(é|e)chec de (la )?connexion",
    ),
    (
        Stage::Connect,
        r"no se (pudo|puede|ha podido) (conectar|establecer)|imposible (conectar|establecer)|conexi(ó|o)n (rechazada|rehusada|denegada)|al (intentar )?conectar",
    ),
    (
        Stage::Connect,
        r"impossibile (connetter|stabilire|contattare)|connessione (rifiutata|negata)|durante la connessione|durante il collegamento",
    ),
    (
        Stage::Connect,
        r"n(ã|a)o foi poss(í|i)vel (se )?(conectar|estabelecer)|conex(ã|a)o recusada|nenhuma conex(ã|a)o|ao (tentar )?(se )?conectar|falha (ao|na) conex",
    ),
    (
        Stage::Connect,
        r"geen verbinding (maken|worden|mogelijk|met|naar)|verbinding (werd |is )?(actief )?geweigerd|niet verbinden|bij het verbinden|tijdens het verbinden",
    ),
    (
        Stage::Connect,
        r"nie mo(ż|z)na (si(ę|e) )?(po(ł|l)(ą|a)czy|nawi(ą|a)za)|nie uda(ł|l)o si(ę|e) (po(ł|l)(ą|a)czy|nawi(ą|a)za)|po(ł|l)(ą|a)czenie odrzucone|podczas ((ł|l)(ą|a)czenia|nawi(ą|a)zywania)",
    ),
    (
        Stage::Connect,
        r"(не удалось|невозможно) (подключ|соедин|установить)|соединени\w* отказано|отказано в (соединении|подключении)|при (попытке )?(подключ|соединени|установ)|ожидания подключ|подключение не установлено",
    ),
    (
        Stage::Connect,
        r"接続(を|が)?(拒否|失敗)|接続に失敗|接続でき|接続(時|試行)|连接(被|请求被)?(拒绝|失败)|拒绝连接|(无法|不能)(建立)?连接|連線(被拒|失敗)|無法連|连接[^，。读后]*(服务器|主机)[^，。读后]*(超时|失败)",
    ),
];

/// Words that only a server uses, or those that introduce them: the text is its reply, though the digits are missing.
pub const REPLY_CUE: &str = r"\b4\.[0-7]\.\d+\b.*(closing (transmission )?(connection|channel)|error: timeout exceeded)|(said|responded|replied|answered|returned|response( was)?): ?['\x22]?[45]\.\d+\.\d|SmtpCommandException|session duration|waiting for (a |the |your |next )?(command|client)($|[^\w ]| input)|(waiting for|reading|receiving)[\w ]* from (the )?client\b";

/// The stage that a reply code alone shows: only AUTH is answered with these (RFC 4954).
pub fn of_reply(reply: Option<u16>) -> Option<Stage> {
    matches!(reply, Some(534 | 535 | 538)).then_some(Stage::Auth)
}
