-- One ad: the running totals of a range.
--   sqlite3 FILE ".param set :ad '''ad-1'''" ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 03_one_ad_so_far.sql"
-- Hours and days are UTC: SQLite knows no time zones.
SELECT hour AS hour,
       sum(total_impressions) OVER (ORDER BY ad_metrics.hour) AS impressions,
       sum(total_clicks) OVER (ORDER BY ad_metrics.hour) AS clicks
FROM ad_metrics
WHERE ad_id = :ad AND hour >= :from AND hour < :to
ORDER BY ad_metrics.hour;
