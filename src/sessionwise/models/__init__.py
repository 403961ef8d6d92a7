"""What the records say: models, each giving a `Fit` or a `Curve`."""
