-- Ads that had impressions in a range, and none in its last 6 hours.
--   psql DATABASE -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -v zone=Europe/Berlin -f 18_silent.sql
SELECT ad_id, max(hour) AT TIME ZONE :'zone' AS last_hour, sum(total_impressions) AS impressions
FROM ad_metrics
WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz AND total_impressions > 0
GROUP BY ad_id
HAVING max(hour) < :'to'::timestamptz - INTERVAL '6 hours'
ORDER BY max(hour) DESC, ad_id COLLATE "C";
