-- All ads together, hour by hour.
--   sqlite3 FILE ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 05_by_hour.sql"
-- Hours and days are UTC: SQLite knows no time zones.
SELECT hour AS hour, sum(total_impressions) AS impressions, sum(total_clicks) AS clicks,
       sum(total_sessions) AS sessions
FROM ad_metrics
WHERE hour >= :from AND hour < :to
GROUP BY ad_metrics.hour
ORDER BY ad_metrics.hour;
