-- Hours in which an ad had more than three times its own average of a range.
--   sqlite3 FILE ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 19_spikes.sql"
-- Hours and days are UTC: SQLite knows no time zones.
WITH hours AS (
  SELECT ad_id, hour, total_impressions, avg(total_impressions) OVER (PARTITION BY ad_id) AS average
  FROM ad_metrics
  WHERE hour >= :from AND hour < :to
)
SELECT ad_id, hour, total_impressions, round(average, 1) AS average
FROM hours
WHERE total_impressions > 3 * average
ORDER BY total_impressions / average DESC, ad_id, hour
LIMIT 100;
