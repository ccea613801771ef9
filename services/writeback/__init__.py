"""Write measured tempo, key and mood into the tags of files, into files beside them, or into a table for DJs.

Only on request: a scan never writes. `values` says what is written, `copies` makes a copy of a file with other tags,
`replacing` checks it and puts it in the file's place, and `tables` writes CSV.
"""
