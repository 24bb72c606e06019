-- Hours in which an ad had more than three times its own average of a range.
--   psql DATABASE -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -v zone=Europe/Berlin -f 19_spikes.sql
WITH hours AS (
  SELECT ad_id, hour, total_impressions, avg(total_impressions) OVER (PARTITION BY ad_id) AS average
  FROM ad_metrics
  WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
)
SELECT ad_id, hour AT TIME ZONE :'zone' AS hour, total_impressions, round(average, 1) AS average
FROM hours
WHERE total_impressions > 3 * average
ORDER BY total_impressions / average DESC, ad_id COLLATE "C", hours.hour
LIMIT 100;
