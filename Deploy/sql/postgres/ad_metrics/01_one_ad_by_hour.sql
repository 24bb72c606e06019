-- One ad, hour by hour.
--   psql DATABASE -v ad=ad-1 -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -v zone=Europe/Berlin -f 01_one_ad_by_hour.sql
SELECT hour AT TIME ZONE :'zone' AS hour, total_impressions, total_clicks, total_sessions,
       round(total_clicks::numeric / nullif(total_impressions, 0), 6) AS ctr
FROM ad_metrics
WHERE ad_id = :'ad' AND hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
ORDER BY ad_metrics.hour;
