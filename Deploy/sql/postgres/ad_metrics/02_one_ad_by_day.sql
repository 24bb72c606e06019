-- One ad, day by day.
--   psql DATABASE -v ad=ad-1 -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -v zone=Europe/Berlin -f 02_one_ad_by_day.sql
WITH days AS (
  SELECT (hour AT TIME ZONE :'zone')::date AS day, sum(total_impressions) AS impressions, sum(total_clicks) AS clicks,
       sum(total_sessions) AS sessions
  FROM ad_metrics
  WHERE ad_id = :'ad' AND hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
  GROUP BY 1
)
SELECT day, impressions, clicks, sessions, round(clicks::numeric / nullif(impressions, 0), 6) AS ctr
FROM days
ORDER BY day;
