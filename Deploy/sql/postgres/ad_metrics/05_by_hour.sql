-- All ads together, hour by hour.
--   psql DATABASE -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -v zone=Europe/Berlin -f 05_by_hour.sql
SELECT hour AT TIME ZONE :'zone' AS hour, sum(total_impressions) AS impressions, sum(total_clicks) AS clicks,
       sum(total_sessions) AS sessions
FROM ad_metrics
WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
GROUP BY ad_metrics.hour
ORDER BY ad_metrics.hour;
