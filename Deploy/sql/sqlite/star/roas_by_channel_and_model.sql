-- Spend, conversions, revenue and their ratio by channel and model, for the days of a range.
--   sqlite3 FILE ".param set :from '''2026-01-01'''" ".param set :to '''2026-02-01'''" ".read roas_by_channel_and_model.sql"
WITH spend AS (
  SELECT channel, sum(micros) AS spend
  FROM (
    SELECT channel, cost_micros AS micros FROM fact_touches
    WHERE date >= :from AND date < :to
    UNION ALL
    SELECT channel, amount_micros FROM fact_costs
    WHERE date >= :from AND date < :to
  ) AS parts
  GROUP BY channel
), earned AS (
  SELECT model, channel, sum(credit_micros) AS conversions, sum(revenue_micros) AS revenue
  FROM fact_credits
  WHERE date >= :from AND date < :to
  GROUP BY model, channel
), models AS (
  SELECT DISTINCT model FROM earned
), sums AS (
  SELECT model, channel, coalesce(spend, 0) AS spend, coalesce(conversions, 0) AS conversions,
         coalesce(revenue, 0) AS revenue
  FROM models CROSS JOIN (SELECT channel FROM spend UNION SELECT channel FROM earned) AS channels
  LEFT JOIN spend USING (channel) LEFT JOIN earned USING (model, channel)
)
SELECT model, channel,
       printf('%d.%06d', spend / 1000000, spend % 1000000) AS spend,
       printf('%d.%06d', conversions / 1000000, conversions % 1000000) AS conversions,
       printf('%d.%06d', revenue / 1000000, revenue % 1000000) AS revenue,
       round(1.0 * revenue / nullif(spend, 0), 6) AS roas
FROM sums
ORDER BY model, channel = '(unattributed)', channel;
