-- All ads together, day by day.
--   psql DATABASE -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -v zone=Europe/Berlin -f 06_by_day.sql
WITH hours AS (
  SELECT hour, sum(total_impressions) AS impressions, sum(total_clicks) AS clicks,
         sum(total_sessions) AS sessions
  FROM ad_metrics
  WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
  GROUP BY hour
)
SELECT (hour AT TIME ZONE :'zone')::date AS day, sum(impressions) AS impressions, sum(clicks) AS clicks,
       sum(sessions) AS sessions
FROM hours
GROUP BY 1
ORDER BY 1;
