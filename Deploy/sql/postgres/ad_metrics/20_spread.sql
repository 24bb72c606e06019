-- How ads differ: the median ad, the top tenth and the top hundredth by impressions.
--   psql DATABASE -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -f 20_spread.sql
WITH sums AS (
  SELECT ad_id, sum(total_impressions) AS impressions, sum(total_clicks) AS clicks
  FROM ad_metrics
  WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
  GROUP BY ad_id
)
SELECT count(*) AS ads,
       percentile_disc(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY impressions) AS impressions,
       percentile_disc(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY clicks) AS clicks
FROM sums;
