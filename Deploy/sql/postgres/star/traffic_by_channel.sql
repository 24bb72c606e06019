-- Impressions, clicks, click-through rate and cost per click by channel, for the days of a range.
--   psql DATABASE -v from=2026-01-01 -v to=2026-02-01 -f traffic_by_channel.sql
WITH sums AS (
  SELECT channel, count(*) FILTER (WHERE kind = 'impression') AS impressions,
         count(*) FILTER (WHERE kind = 'click') AS clicks,
         count(DISTINCT user_id) AS users, sum(cost_micros) AS cost
  FROM fact_touches
  WHERE date >= :'from'::date AND date < :'to'::date
  GROUP BY channel
)
SELECT channel, impressions, clicks, users, round(clicks::numeric / nullif(impressions, 0), 6) AS ctr,
       round(cost::numeric / nullif(clicks, 0), 6) AS cost_per_click_micros
FROM sums
ORDER BY channel COLLATE "C";
