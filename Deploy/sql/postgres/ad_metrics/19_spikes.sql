-- Hours in which an ad had more than three times its own average of a range.
--   psql DATABASE -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -v zone=Europe/Berlin -f 19_spikes.sql
WITH averages AS (
  SELECT ad_id, avg(total_impressions) AS average
  FROM ad_metrics
  WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
  GROUP BY ad_id
)
SELECT ad_id, hour AT TIME ZONE :'zone' AS hour, total_impressions, round(average, 1) AS average
FROM ad_metrics JOIN averages USING (ad_id)
WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz AND total_impressions > 3 * average
ORDER BY total_impressions / average DESC, ad_id COLLATE "C", ad_metrics.hour
LIMIT 100;
