"""The numerical core: plain arrays in, small frozen results out."""
