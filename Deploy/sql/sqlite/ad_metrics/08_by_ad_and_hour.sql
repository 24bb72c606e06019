-- Every ad and hour of a range: what a dashboard keeps for a day.
--   sqlite3 FILE ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 08_by_ad_and_hour.sql"
-- Hours and days are UTC: SQLite knows no time zones.
SELECT ad_id, hour AS hour, total_impressions, total_clicks, total_sessions
FROM ad_metrics
WHERE hour >= :from AND hour < :to
ORDER BY ad_id, ad_metrics.hour;
