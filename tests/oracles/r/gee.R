# Expected values of tests/oracles/test_gee.py, on the rows of tests/oracles/residuals/rows.csv.
# Run from the project's root:  Rscript tests/oracles/r/gee.R
suppressPackageStartupMessages({library(geepack); library(jsonlite)})
options(digits = 15)
d <- subset(read.csv("tests/oracles/residuals/rows.csv"), case == "going")
d$high <- as.integer(d$y > 24)
d$count <- pmax(0, round(d$y) - 12)
d <- d[order(d$client, d$session), ]
d$modality <- factor(d$modality)
tight <- geese.control(epsilon = 1e-12, maxit = 500)
say <- function(formula, family, corstr, ...) {
  fit <- geeglm(formula, family = family, data = d, id = client, waves = session, corstr = corstr,
                control = tight, ...)
  s <- summary(fit)$coefficients
  alpha <- if (corstr == "independence") 0 else unname(fit$geese$alpha)
  list(estimate = unname(s[, 1]), se = unname(s[, 2]), alpha = alpha,
       scale = unname(fit$geese$gamma))
}
of <- list(gaussian = y ~ session + x + modality, binomial = high ~ session + x + modality,
           poisson = count ~ session + x + modality)
out <- list(versions = list(R = R.version.string, geepack = as.character(packageVersion("geepack"))))
for (family in names(of)) for (corstr in c("independence", "exchangeable", "ar1"))
  out[[paste(family, corstr, sep = "_")]] <- say(of[[family]], family, corstr)
write(toJSON(out, digits = 12, auto_unbox = TRUE, pretty = TRUE), "tests/oracles/r/gee.json")
