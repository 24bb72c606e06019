-- Paths to a conversion, the most frequent first: channels in order, the same one after itself once.
--   sqlite3 FILE ".param set :from '''2026-01-01'''" ".param set :to '''2026-02-01'''" ".read paths_to_conversion.sql"
-- The models differ in their shares only, so that one of them has all paths.
WITH steps AS (
  SELECT conversion_id, position, channel,
         lag(channel) OVER (PARTITION BY conversion_id ORDER BY position) AS former
  FROM fact_credits
  WHERE date >= :from AND date < :to
    AND model = (SELECT min(model) FROM fact_credits)
), paths AS (
  SELECT conversion_id, group_concat(channel, ' > ') AS path
  FROM (SELECT * FROM steps WHERE former IS NOT channel ORDER BY conversion_id, position)
  GROUP BY conversion_id
)
SELECT path, count(*) AS conversions,
       printf('%d.%06d', sum(value_micros) / 1000000, sum(value_micros) % 1000000) AS value
FROM paths JOIN fact_conversions USING (conversion_id)
GROUP BY path
ORDER BY conversions DESC, path;
