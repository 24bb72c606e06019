-- Ads that had impressions in a range, and none in its last 6 hours.
--   sqlite3 FILE ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 18_silent.sql"
-- Hours and days are UTC: SQLite knows no time zones.
SELECT ad_id, max(hour) AS last_hour, sum(total_impressions) AS impressions
FROM ad_metrics
WHERE hour >= :from AND hour < :to AND total_impressions > 0
GROUP BY ad_id
HAVING unixepoch(max(hour)) < unixepoch(:to) - 6 * 3600
ORDER BY max(hour) DESC, ad_id;
