//! Whether a text speaks of an attachment: a mail that does and whose log holds none would go without it.

use std::sync::LazyLock;

use regex::Regex;

/// Words of mails that have an attachment, in the languages that Microsoft 365's tenants write most. Word ends are left open, for
/// the sake of inflection.
const WORDS: &[&str] = &[
    r"\battach(ed|ment|ments|ing)?\b|\bpfa\b",
    r"\benclos(ed|ure|ures)\b",
    r"\banhäng|\banhang\b|\bangehängt|\bangehaengt|\bbeigef(ü|ue)gt|\bbeiliegend|\banlage\b|\banlagen\b|\banbei\b",
    r"\bpi(è|e)ces?[ -]jointes?\b|\bci[ -]joint|\ben annexe\b",
    r"\badjunt[oa]s?\b|\badjuntamos\b",
    r"\ballegat[oaie]\b|\bin allegato\b",
    r"\banex(o|a|os|as|ad[oa]s?)\b|\bem anexo\b",
    r"\bbijlagen?\b|\bbijgevoegd",
    r"\bza(ł|l)(ą|a)cz(nik|eni|ona|ony|am)",
    r"\bbifoga(d|t|r)|\bvedlagt|\bvedhæft|\bvedlegg",
    r"\bp(ř|r)(í|i)loh|\bmell(é|e)klet",
    r"влож|прилага|прикрепл",
    r"添付|附件|첨부",
];

/// What HTML says of a picture that is sent along (RFC 2392).
const SENT_ALONG: &str = r#"(src|href|url|background)\s*[=(]\s*["']?cid:"#;

static SPEAKS: LazyLock<Regex> = LazyLock::new(|| {
    let all = format!("(?i)(?:{})|{SENT_ALONG}", WORDS.join("|"));
    Regex::new(&all).expect("the words are tested")
});

/// So many bytes of a text are looked through; letters beyond ASCII take a microsecond each.
const LOOKED_THROUGH: usize = 256 * 1024;

/// Entities of HTML in these words.
const ENTITIES: [(&str, &str); 9] = [
    ("&auml;", "ä"),
    ("&uuml;", "ü"),
    ("&ouml;", "ö"),
    ("&egrave;", "è"),
    ("&eacute;", "é"),
    ("&nbsp;", " "),
    ("&shy;", ""),
    ("&#228;", "ä"),
    ("&#252;", "ü"),
];

/// Whether any of these texts speaks of an attachment, or HTML refers to one.
pub fn speaks_of_attachment<'t>(texts: impl IntoIterator<Item = &'t str>) -> bool {
    texts
        .into_iter()
        .map(beginning)
        .any(|text| SPEAKS.is_match(text) || SPEAKS.is_match(&without_entities(text)))
}

/// As much of a text as is looked through: what is said later is no letter any more.
fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(LOOKED_THROUGH)]
}

fn without_entities(text: &str) -> String {
    let plain = text.replace('\u{ad}', "");
    ENTITIES.iter().fold(plain, |text, (entity, letter)| text.replace(entity, letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_languages_are_understood() {
        let speaks = [
            "Please find attached the report of today.",
            "See the ATTACHMENT for details",
            "PFA the report",
            "the enclosed invoice",
            "im Anhang finden Sie die Rechnung",
            "Anbei erhalten Sie",
            "Die Rechnung ist als Anlage beigefügt.",
            "Veuillez trouver ci-joint la facture",
            "en pièce jointe",
            "Adjunto encontrará la factura",
            "In allegato la fattura",
            "Segue em anexo",
            "In de bijlage vindt u",
            "W załączniku przesyłam fakturę",
            "Во вложении счёт",
            "添付ファイルをご覧ください",
            "请见附件",
            r#"<img src="cid:logo@contoso">"#,
            "<img src='CID:1'>",
            "background: url(cid:x)",
            "<td background='cid:bg'>",
            "Beigef&uuml;gt die Rechnung",
            "en pi&egrave;ce jointe",
            "im An&shy;hang",
            "ci joint la facture",
        ];
        for text in speaks {
            assert!(speaks_of_attachment([text]), "{text}");
        }
    }

    #[test]
    fn other_texts_are_not_held_up() {
        let silent = [
            "Your order was received.",
            "Ihre Bestellung ist eingegangen.",
            "We are unattachedly yours",
            "<img src=\"https://x.example/logo.png\">",
            "Termin am Freitag",
            "",
        ];
        for text in silent {
            assert!(!speaks_of_attachment([text]), "{text}");
        }
    }
}
