-- Ads whose first hour lies in a range.
--   sqlite3 FILE ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 17_newcomers.sql"
-- Hours and days are UTC: SQLite knows no time zones.
WITH firsts AS (
  SELECT ad_id, min(hour) AS hour FROM ad_metrics GROUP BY ad_id
)
SELECT ad_id, hour AS first_hour
FROM firsts
WHERE hour >= :from AND hour < :to
ORDER BY firsts.hour, ad_id;
