"""Own features in files: read a CSV or Parquet file, and attach its columns to tracks."""
