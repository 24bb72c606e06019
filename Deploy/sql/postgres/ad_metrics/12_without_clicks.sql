-- Ads that were seen and never clicked, the most seen first.
--   psql DATABASE -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -f 12_without_clicks.sql
SELECT ad_id, sum(total_impressions) AS impressions, count(*) AS hours
FROM ad_metrics
WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
GROUP BY ad_id
HAVING sum(total_clicks) = 0
ORDER BY impressions DESC, ad_id COLLATE "C"
LIMIT 100;
