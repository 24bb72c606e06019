-- Hours in which an ad had more than three times its own average of a range.
--   sqlite3 FILE ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 19_spikes.sql"
-- Hours and days are UTC: SQLite knows no time zones.
WITH sums AS (
  SELECT ad_id, CAST(sum(total_impressions) AS BIGINT) AS impressions, count(*) AS hours
  FROM ad_metrics
  WHERE hour >= :from AND hour < :to
  GROUP BY ad_id
)
SELECT ad_id, hour AS hour, total_impressions, impressions / hours AS average
FROM ad_metrics JOIN sums USING (ad_id)
WHERE hour >= :from AND hour < :to AND total_impressions * hours > 3 * impressions
ORDER BY total_impressions * hours / impressions DESC, ad_id, ad_metrics.hour
LIMIT 100;
