"""`python -m perio_pipeline_tests.bench [NAME ...]`: all benchmarks, or some."""

import sys
import warnings

from perio_pipeline_tests.bench.runner import main

if __name__ == "__main__":  # the processes it starts import this module again
    warnings.simplefilter("ignore")  # Dagster's previews
    sys.exit(main(sys.argv[1:]))
