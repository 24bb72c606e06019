-- One ad, day by day.
--   sqlite3 FILE ".param set :ad '''ad-1'''" ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 02_one_ad_by_day.sql"
-- Hours and days are UTC: SQLite knows no time zones.
WITH days AS (
  SELECT substr(hour, 1, 10) AS day, sum(total_impressions) AS impressions, sum(total_clicks) AS clicks,
       sum(total_sessions) AS sessions
  FROM ad_metrics
  WHERE ad_id = :ad AND hour >= :from AND hour < :to
  GROUP BY 1
)
SELECT day, impressions, clicks, sessions, round(1.0 * clicks / nullif(impressions, 0), 6) AS ctr
FROM days
ORDER BY day;
