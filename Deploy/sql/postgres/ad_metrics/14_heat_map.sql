-- Clicks by weekday (Monday is 1) and hour of the day.
--   psql DATABASE -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -v zone=Europe/Berlin -f 14_heat_map.sql
WITH hours AS (
  SELECT hour, sum(total_impressions) AS impressions, sum(total_clicks) AS clicks,
         sum(total_sessions) AS sessions
  FROM ad_metrics
  WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
  GROUP BY hour
)
SELECT extract(isodow FROM hour AT TIME ZONE :'zone')::integer AS weekday,
       extract(hour FROM hour AT TIME ZONE :'zone')::integer AS hour_of_day,
       sum(impressions) AS impressions, sum(clicks) AS clicks
FROM hours
GROUP BY 1, 2
ORDER BY 1, 2;
