"""Italian."""

from agents.issue_triage.texts.base import Texts

TEXTS = Texts(
    name="Italian",
    missing="Così non si può ancora esaminare il problema. Per favore aggiungi:",
    facts={
        "version": "la versione usata e il sistema operativo",
        "steps": "che cosa hai fatto, passo per passo",
        "expected": "che cosa ti aspettavi",
        "actual": "che cosa è successo invece",
        "log": "il messaggio di errore esatto o il log",
    },
    reminder="Il problema esiste ancora?",
    owed="Da {days} giorni manca una risposta.",
    short="Basta una breve risposta perché questo resti aperto.",
    will_close="Senza risposta verrà chiuso.",
    closed="Chiuso per mancanza di risposta. Se succede ancora, scrivilo qui e si potrà riaprire.",
    duplicates="Forse è già noto:",
    object_="Se si tratta d'altro, scrivilo qui.",
    duplicate_close=(
        "Per questo verrà chiuso, non prima di tre giorni. Se si tratta d'altro, scrivilo qui prima e resterà aperto."
    ),
    same_title="quasi lo stesso titolo",
    same_error="lo stesso messaggio di errore",
    cites="Su questo la documentazione dice, in {where}:",
    security=(
        "Grazie per l'attenzione alla sicurezza di questo progetto. Per favore non aggiungere "
        "dettagli qui: inviali in privato ai responsabili, come dice la politica di sicurezza, "
        "perché si possa correggere prima che altri ne approfittino."
    ),
)
