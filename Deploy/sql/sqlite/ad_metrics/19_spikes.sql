-- Hours in which an ad had more than three times its own average of a range.
--   sqlite3 FILE ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 19_spikes.sql"
-- Hours and days are UTC: SQLite knows no time zones.
WITH averages AS (
  SELECT ad_id, avg(total_impressions) AS average
  FROM ad_metrics
  WHERE hour >= :from AND hour < :to
  GROUP BY ad_id
)
SELECT ad_id, hour AS hour, total_impressions, round(average, 1) AS average
FROM ad_metrics JOIN averages USING (ad_id)
WHERE hour >= :from AND hour < :to AND total_impressions > 3 * average
ORDER BY total_impressions / average DESC, ad_id, ad_metrics.hour
LIMIT 100;
