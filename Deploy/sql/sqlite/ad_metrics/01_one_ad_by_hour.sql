-- One ad, hour by hour.
--   sqlite3 FILE ".param set :ad '''ad-1'''" ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 01_one_ad_by_hour.sql"
-- Hours and days are UTC: SQLite knows no time zones.
SELECT hour AS hour, total_impressions, total_clicks, total_sessions,
       round(1.0 * total_clicks / nullif(total_impressions, 0), 6) AS ctr
FROM ad_metrics
WHERE ad_id = :ad AND hour >= :from AND hour < :to
ORDER BY ad_metrics.hour;
