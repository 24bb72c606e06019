-- The 100 ads with the highest click-through rate, of those with at least 1,000 impressions.
--   psql DATABASE -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -f 10_highest_ctr.sql
WITH sums AS (
  SELECT ad_id, sum(total_impressions) AS impressions, sum(total_clicks) AS clicks,
       sum(total_sessions) AS sessions
  FROM ad_metrics
  WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
  GROUP BY ad_id
  HAVING sum(total_impressions) >= 1000
)
SELECT ad_id, impressions, clicks, round(clicks::numeric / nullif(impressions, 0), 6) AS ctr
FROM sums
ORDER BY ctr DESC, ad_id COLLATE "C"
LIMIT 100;
