-- Every ad, one line each.
--   psql DATABASE -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -f 07_by_ad.sql
WITH sums AS (
  SELECT ad_id, sum(total_impressions) AS impressions, sum(total_clicks) AS clicks,
       sum(total_sessions) AS sessions
  FROM ad_metrics
  WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
  GROUP BY ad_id
)
SELECT ad_id, impressions, clicks, sessions, round(clicks::numeric / nullif(impressions, 0), 6) AS ctr
FROM sums
ORDER BY ad_id COLLATE "C";
