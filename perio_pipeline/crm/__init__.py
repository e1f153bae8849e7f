"""CRM adapters: HTTP and the rules of one CRM each, behind `protocol.Adapter`.

Nothing here knows PANDA, data frames or Dagster; of the package only `perio_pipeline.errors` may be imported.
"""
