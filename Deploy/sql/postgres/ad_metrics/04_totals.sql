-- All ads together, one line.
--   psql DATABASE -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -f 04_totals.sql
WITH ads AS (
  SELECT ad_id, sum(total_impressions) AS impressions, sum(total_clicks) AS clicks,
       sum(total_sessions) AS sessions
  FROM ad_metrics
  WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
  GROUP BY ad_id
), sums AS (
  SELECT count(*) AS ads, sum(impressions) AS impressions, sum(clicks) AS clicks,
         sum(sessions) AS sessions
  FROM ads
)
SELECT ads, impressions, clicks, sessions, round(clicks::numeric / nullif(impressions, 0), 6) AS ctr
FROM sums;
