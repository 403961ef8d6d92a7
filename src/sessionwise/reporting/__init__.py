"""From a study and its notebooks to a report: run, collect, publish, write."""
