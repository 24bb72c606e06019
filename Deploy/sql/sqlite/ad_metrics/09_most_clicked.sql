-- The 100 ads with the most clicks.
--   sqlite3 FILE ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 09_most_clicked.sql"
SELECT ad_id, sum(total_impressions) AS impressions, sum(total_clicks) AS clicks,
       sum(total_sessions) AS sessions
FROM ad_metrics
WHERE hour >= :from AND hour < :to
GROUP BY ad_id
ORDER BY clicks DESC, ad_id
LIMIT 100;
