# Writes a Postfix log of so many lines: awk -v lines=1000000 -f benches/postfix_log.awk
# Mails of a day, about seven lines each; a tenth is deferred and tried again, some bounce, and two campaigns are
# throttled. Each value follows from the number of the mail, so the same number of lines is the same log everywhere.

function chance(salt) { return ((mail * 7919 + salt * 104729) % 1000) / 1000 }

function stamp(seconds,  day, rest) {
  day = int(seconds / 86400); rest = seconds % 86400
  return sprintf("Nov %2d %02d:%02d:%02d", 9 + day, int(rest / 3600), int(rest / 60) % 60, rest % 60)
}

function say(program, text) {
  if (written++ >= lines) exit
  print stamp(now) " mx1 postfix/" program "[" 1000 + mail % 400 "]: " text
}

function delivery(status, dsn, relay, text, waited) {
  say("smtp", id ": to=<user" mail % 5000 "@" domain ">, relay=" relay ", delay=" waited ", delays=0.1/0.02/" \
    chance(3) "/" chance(4) ", dsn=" dsn ", status=" status " (" text ")")
}

function one_mail(  relay, kind) {
  id = sprintf("4%05X%04X", mail % 1048576, (mail * 31) % 65536)
  domain = "dest" mail % 40 ".example"
  relay = "mx." domain "[192.0.2." mail % 250 "]:25"
  kind = chance(1)
  say("smtpd", "connect from app" mail % 3 ".contoso.example[10.0.0." mail % 3 "]")
  say("smtpd", id ": client=app" mail % 3 ".contoso.example[10.0.0." mail % 3 "], sasl_method=PLAIN, sasl_username=app")
  say("cleanup", id ": message-id=<" mail "." now "@app.contoso.example>")
  say("qmgr", id ": from=<reports@contoso.example>, size=" 2000 + mail % 9000 ", nrcpt=1 (queue active)")
  if (mail % 20000 < 900) {
    delivery("deferred", "4.7.1", relay, "host mx." domain "[192.0.2.1] said: 450 4.7.1 Error: too much mail from 198.51.100.7 (in reply to MAIL FROM command)", "1.2")
  } else if (mail % 20000 < 1500) {
    delivery("deferred", "4.7.0", "none", "host mx." domain "[192.0.2.2] refused to talk to me: 421 4.7.0 mx." domain " Error: too many connections from 198.51.100.7", "0.9")
  } else if (kind < 0.04) {
    delivery("deferred", "4.4.1", "none", "connect to mx." domain "[192.0.2.9]:25: Connection timed out", "30.5")
    say("smtpd", "disconnect from app" mail % 3 ".contoso.example[10.0.0." mail % 3 "] ehlo=1 auth=1 mail=1 rcpt=1 data=1 quit=1 commands=6")
  } else if (kind < 0.05) {
    delivery("bounced", "5.1.1", relay, "host mx." domain "[192.0.2.1] said: 550 5.1.1 <user" mail % 5000 "@" domain ">: Recipient address rejected: User unknown (in reply to RCPT TO command)", "0.7")
    say("bounce", id ": sender non-delivery notification: 5" substr(id, 2))
    say("qmgr", id ": removed")
    return
  }
  if (mail % 20000 >= 1500 || mail % 3) {
    delivery("sent", "2.0.0", relay, "250 2.0.0 Ok: queued as " substr(id, 3), chance(2))
    say("qmgr", id ": removed")
  }
  if (mail % 11 == 0) say("anvil", "statistics: max connection rate 12/60s for (smtp:10.0.0.1) at " stamp(now))
  if (mail % 13 == 0) say("smtpd", "lost connection after AUTH from unknown[203.0.113." mail % 250 "]")
}

BEGIN {
  for (mail = 1; written < lines; mail++) { now = int(mail / 2); one_mail() }
}
