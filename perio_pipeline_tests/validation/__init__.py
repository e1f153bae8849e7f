"""Tests of `perio_pipeline.validation`."""
