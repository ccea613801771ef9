"""Tables of a library for analysts: files of Parquet, CSV or JSON lines."""
