-- Hours in which an ad had more than three times its own average of a range.
--   psql DATABASE -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -v zone=Europe/Berlin -f 19_spikes.sql
WITH sums AS (
  SELECT ad_id, CAST(sum(total_impressions) AS BIGINT) AS impressions, count(*) AS hours
  FROM ad_metrics
  WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
  GROUP BY ad_id
)
SELECT ad_id, hour AT TIME ZONE :'zone' AS hour, total_impressions, impressions / hours AS average
FROM ad_metrics JOIN sums USING (ad_id)
WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz AND total_impressions * hours > 3 * impressions
ORDER BY total_impressions * hours / impressions DESC, ad_id COLLATE "C", ad_metrics.hour
LIMIT 100;
