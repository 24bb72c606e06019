-- The 100 ads with the highest click-through rate, of those with at least 1,000 impressions.
--   sqlite3 FILE ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 10_highest_ctr.sql"
WITH sums AS (
  SELECT ad_id, sum(total_impressions) AS impressions, sum(total_clicks) AS clicks,
       sum(total_sessions) AS sessions
  FROM ad_metrics
  WHERE hour >= :from AND hour < :to
  GROUP BY ad_id
  HAVING sum(total_impressions) >= 1000
)
SELECT ad_id, impressions, clicks, round(1.0 * clicks / nullif(impressions, 0), 6) AS ctr
FROM sums
ORDER BY ctr DESC, ad_id
LIMIT 100;
