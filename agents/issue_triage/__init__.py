"""The bundled triage agent: labels new issues, asks for what is missing, reminds and closes stale ones."""
