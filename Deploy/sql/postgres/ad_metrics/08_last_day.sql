-- Every ad and hour of the last 24 hours before an instant.
--   psql DATABASE -v to=2026-02-01T00:00:00Z -v zone=Europe/Berlin -f 08_last_day.sql
SELECT ad_id, hour AT TIME ZONE :'zone' AS hour, total_impressions, total_clicks, total_sessions
FROM ad_metrics
WHERE hour >= :'to'::timestamptz - INTERVAL '1 day' AND hour < :'to'::timestamptz
ORDER BY ad_id COLLATE "C", ad_metrics.hour;
