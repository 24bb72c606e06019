-- Every ad and hour of the last 24 hours before an instant.
--   sqlite3 FILE ".param set :to '''2026-02-01T00:00:00Z'''" ".read 08_last_day.sql"
-- Hours and days are UTC: SQLite knows no time zones.
SELECT ad_id, hour, total_impressions, total_clicks, total_sessions
FROM ad_metrics
WHERE hour >= strftime('%Y-%m-%dT%H:%M:%SZ', unixepoch(:to) - 86400, 'unixepoch') AND hour < :to
ORDER BY ad_id, hour;
