"""German."""

from agents.issue_triage.texts.base import Texts

TEXTS = Texts(
    name="German",
    missing="Dem lässt sich so noch nicht nachgehen. Bitte ergänzen:",
    facts={
        "version": "die benutzte Version und das Betriebssystem",
        "steps": "was du getan hast, Schritt für Schritt",
        "expected": "was du erwartet hast",
        "actual": "was stattdessen passiert ist",
        "log": "die genaue Fehlermeldung oder das Protokoll",
    },
    reminder="Besteht das Problem noch?",
    owed="Seit {days} Tagen fehlt eine Antwort.",
    short="Eine kurze Antwort genügt, damit dies offen bleibt.",
    will_close="Ohne Antwort wird es geschlossen.",
    closed="Geschlossen, weil eine Antwort fehlt. Wenn es noch auftritt, genügt ein Wort hier zum Wiederöffnen.",
    duplicates="Das ist vielleicht schon bekannt:",
    object_="Wenn es etwas anderes ist, bitte hier sagen.",
    duplicate_close=(
        "Dafür wird es frühestens in drei Tagen geschlossen. Wenn es etwas anderes ist, genügt vorher ein Wort hier, "
        "und es bleibt offen."
    ),
    same_title="fast derselbe Titel",
    same_error="dieselbe Fehlermeldung",
    cites="Dazu steht in der Dokumentation, {where}:",
    security=(
        "Danke für den Blick auf die Sicherheit dieses Projekts. Bitte hier keine Einzelheiten ergänzen, sondern sie "
        "den Betreuern vertraulich schicken, wie es die Sicherheitsrichtlinie sagt, damit es behoben ist, bevor "
        "andere es ausnutzen."
    ),
)
