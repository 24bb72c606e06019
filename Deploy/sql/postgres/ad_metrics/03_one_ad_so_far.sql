-- One ad: the running totals of a range.
--   psql DATABASE -v ad=ad-1 -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -v zone=Europe/Berlin -f 03_one_ad_so_far.sql
SELECT hour AT TIME ZONE :'zone' AS hour,
       sum(total_impressions) OVER (ORDER BY ad_metrics.hour) AS impressions,
       sum(total_clicks) OVER (ORDER BY ad_metrics.hour) AS clicks
FROM ad_metrics
WHERE ad_id = :'ad' AND hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
ORDER BY ad_metrics.hour;
