-- Impressions, clicks, click-through rate and cost per click by channel, for the days of a range.
--   sqlite3 FILE ".param set :from '''2026-01-01'''" ".param set :to '''2026-02-01'''" ".read traffic_by_channel.sql"
WITH sums AS (
  SELECT channel, count(*) FILTER (WHERE kind = 'impression') AS impressions,
         count(*) FILTER (WHERE kind = 'click') AS clicks,
         count(DISTINCT user_id) AS users, sum(cost_micros) AS cost
  FROM fact_touches
  WHERE date >= :from AND date < :to
  GROUP BY channel
)
SELECT channel, impressions, clicks, users, round(1.0 * clicks / nullif(impressions, 0), 6) AS ctr,
       round(1.0 * cost / nullif(clicks, 0), 6) AS cost_per_click_micros
FROM sums
ORDER BY channel;
