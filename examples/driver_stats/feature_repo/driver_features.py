"""What is known about drivers, as Feast definitions."""

from datetime import timedelta

from driver_data import make_tables
from feast import Entity, FeatureService, FeatureView, Field, FileSource, ValueType
from feast.types import Float64, Int64

make_tables()

driver = Entity(
    name="driver",
    join_keys=["driver_id"],
    value_type=ValueType.INT64,
    description="Somebody who drives trips",
)

driver_hourly_stats = FeatureView(
    name="driver_hourly_stats",
    entities=[driver],
    ttl=timedelta(days=1),
    schema=[
        Field(name="driver_id", dtype=Int64),
        Field(name="conv_rate", dtype=Float64, description="Share of offers that became trips"),
        Field(name="acc_rate", dtype=Float64, description="Share of offers accepted"),
        Field(name="avg_daily_trips", dtype=Int64, description="Trips a day"),
    ],
    source=FileSource(
        name="driver_hourly_stats",
        path="data/driver_hourly_stats.parquet",
        timestamp_field="event_timestamp",
        created_timestamp_column="created_timestamp",
    ),
)

driver_stats_v1 = FeatureService(
    name="driver_stats_v1",
    features=[driver_hourly_stats],
    description="Everything that the model reads",
)
