-- Ads that were seen and never clicked, the most seen first.
--   sqlite3 FILE ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 12_without_clicks.sql"
SELECT ad_id, sum(total_impressions) AS impressions, count(*) AS hours
FROM ad_metrics
WHERE hour >= :from AND hour < :to
GROUP BY ad_id
HAVING sum(total_clicks) = 0
ORDER BY impressions DESC, ad_id
LIMIT 100;
