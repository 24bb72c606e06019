-- Clicks by weekday (Monday is 1) and hour of the day.
--   sqlite3 FILE ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 14_heat_map.sql"
-- Hours and days are UTC: SQLite knows no time zones.
WITH hours AS (
  SELECT hour, sum(total_impressions) AS impressions, sum(total_clicks) AS clicks,
         sum(total_sessions) AS sessions
  FROM ad_metrics
  WHERE hour >= :from AND hour < :to
  GROUP BY hour
)
SELECT (CAST(strftime('%w', hour) AS INTEGER) + 6) % 7 + 1 AS weekday,
       CAST(substr(hour, 12, 2) AS INTEGER) AS hour_of_day,
       sum(impressions) AS impressions, sum(clicks) AS clicks
FROM hours
GROUP BY 1, 2
ORDER BY 1, 2;
