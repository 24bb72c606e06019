-- The 100 ads with the most clicks.
--   psql DATABASE -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -f 09_most_clicked.sql
SELECT ad_id, sum(total_impressions) AS impressions, sum(total_clicks) AS clicks,
       sum(total_sessions) AS sessions
FROM ad_metrics
WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
GROUP BY ad_id
ORDER BY clicks DESC, ad_id COLLATE "C"
LIMIT 100;
