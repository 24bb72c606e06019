-- Every ad and hour of a range: what a dashboard keeps for a day.
--   psql DATABASE -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -v zone=Europe/Berlin -f 08_by_ad_and_hour.sql
SELECT ad_id, hour AT TIME ZONE :'zone' AS hour, total_impressions, total_clicks, total_sessions
FROM ad_metrics
WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
ORDER BY ad_id COLLATE "C", ad_metrics.hour;
