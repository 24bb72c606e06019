-- Spend, conversions, revenue and their ratio by channel and model, for the days of a range.
--   psql DATABASE -v from=2026-01-01 -v to=2026-02-01 -f roas_by_channel_and_model.sql
WITH spend AS (
  SELECT channel, sum(micros) AS spend
  FROM (
    SELECT channel, cost_micros AS micros FROM fact_touches
    WHERE date >= :'from'::date AND date < :'to'::date
    UNION ALL
    SELECT channel, amount_micros FROM fact_costs
    WHERE date >= :'from'::date AND date < :'to'::date
  ) AS parts
  GROUP BY channel
), earned AS (
  SELECT model, channel, sum(credit_micros) AS conversions, sum(revenue_micros) AS revenue
  FROM fact_credits
  WHERE date >= :'from'::date AND date < :'to'::date
  GROUP BY model, channel
), models AS (
  SELECT DISTINCT model FROM earned
)
SELECT model, channel,
       round(coalesce(spend, 0) / 1000000, 6) AS spend,
       round(coalesce(conversions, 0) / 1000000, 6) AS conversions,
       round(coalesce(revenue, 0) / 1000000, 6) AS revenue,
       round(coalesce(revenue, 0) / nullif(spend, 0), 6) AS roas
FROM models CROSS JOIN (SELECT channel FROM spend UNION SELECT channel FROM earned) AS channels
LEFT JOIN spend USING (channel) LEFT JOIN earned USING (model, channel)
ORDER BY model, channel = '(unattributed)', channel COLLATE "C";
