-- All ads together, day by day.
--   sqlite3 FILE ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 06_by_day.sql"
-- Hours and days are UTC: SQLite knows no time zones.
WITH hours AS (
  SELECT hour, sum(total_impressions) AS impressions, sum(total_clicks) AS clicks,
         sum(total_sessions) AS sessions
  FROM ad_metrics
  WHERE hour >= :from AND hour < :to
  GROUP BY hour
)
SELECT substr(hour, 1, 10) AS day, sum(impressions) AS impressions, sum(clicks) AS clicks,
       sum(sessions) AS sessions
FROM hours
GROUP BY 1
ORDER BY 1;
