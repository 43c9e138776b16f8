"""The JSON Schema of the document that each command prints with `--json`; new commands add a file."""

from rezup.schemas.loader import commands as commands, document_schema as document_schema
