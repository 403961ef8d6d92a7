# What lme4 predicts, leaves and is moved by: means of the population, of known and of new levels,
# leverage, residuals, fits without each therapist, and shares by the formulae of the papers.
# Run from the project's root:  Rscript tests/oracles/r/mixed_predictions.R
# It reads tests/oracles/few_therapists/rows.csv and writes tests/oracles/r/mixed_predictions.json.
source("tests/oracles/r/best_of_r.R")
library(splines)
rows <- read.csv("tests/oracles/few_therapists/rows.csv")
cases <- list(
  list(2, "y ~ time + x + (1|client) + (1|therapist)"),
  list(3, "y ~ time + x + (1|client)"),
  list(7, "y ~ time + x + (1+time|client) + (1|therapist)"),
  list(12, "y ~ poly(time, 2) + scale(x) + (1+time|client) + (1+time|therapist)"),
  list(9, "y ~ bs(time, df = 4) + x + (1+time||client) + (1|therapist)"),
  list(8, "y ~ ns(x, df = 3) + time + (1+time|client) + (1|therapist)"))
short <- function(x) signif(as.numeric(x), 12)

# Rows that were never there: other times and values, clients and therapists who never met.
asked <- function(own) {
  n <- 12
  clients <- unique(own$client); therapists <- unique(own$therapist)
  data.frame(time = round(seq(min(own$time), max(own$time), length.out = n), 3),
             x = round(seq(max(own$x), min(own$x), length.out = n), 3),
             client = clients[1 + (seq_len(n) * 3) %% length(clients)],
             therapist = therapists[1 + (seq_len(n) * 2) %% length(therapists)])
}
predictions <- function(fit, own) {
  new <- asked(own)
  stranger <- transform(new, client = client + 1000, therapist = therapist + 1000)
  X <- model.matrix(fit)
  list(new = as.list(new), population = short(predict(fit, re.form = NA)),
       population_error = short(sqrt(diag(X %*% as.matrix(vcov(fit)) %*% t(X)))),
       levels = short(predict(fit)),
       new_population = short(predict(fit, new, re.form = NA)),
       new_levels = short(predict(fit, new)),
       strangers = short(predict(fit, stranger, allow.new.levels = TRUE)),
       pearson = short(resid(fit, type = "pearson")), leverage = short(hatvalues(fit)))
}

# Without each therapist (or client, where there is no other factor): variances held, and anew.
without <- function(fit, formula, own, reml = TRUE) {
  by <- if ("therapist" %in% names(ngrps(fit))) "therapist" else "client"
  theta <- getME(fit, "theta"); X <- model.matrix(fit)
  lapply(head(unique(own[[by]]), 8), function(level) {
    kept <- own[[by]] != level
    less <- own[kept, ]; less_X <- X[kept, , drop = FALSE]
    colnames(less_X) <- paste0("v", seq_len(ncol(X)))
    plain <- as.formula(paste("y ~ 0 +", paste(colnames(less_X), collapse = " + "), "+",
      paste(vapply(findbars(formula), function(b) paste0("(", deparse(b), ")"), ""), collapse = " + ")))
    less <- cbind(less, less_X)
    parts <- lFormula(plain, less, REML = reml)
    deviance <- do.call(mkLmerDevfun, parts)
    deviance(theta)
    held <- environment(deviance)$pp
    anew <- best_fit(plain, less, with_tmb = FALSE)
    list(by = by, level = level, rows = sum(!kept), held = short(held$beta(1)),
         covratio = short(det(held$unsc()) / det(as.matrix(vcov(fit)) / sigma(fit)^2)),
         anew = short(fixef(anew$fit)), anew_singular = isSingular(anew$fit, tol = 1e-3),
         anew_covratio = short(det(as.matrix(vcov(anew$fit))) / det(as.matrix(vcov(fit)))))
  })
}

# Johnson (2014) and Nakagawa & Schielzeth (2013), from lme4's parts.
shares <- function(fit) {
  VC <- VarCorr(fit); mm <- model.matrix(fit, type = "random"); frame <- model.frame(fit)
  of <- vapply(seq_along(VC), function(k) {
    own <- rownames(VC[[k]])
    Z <- vapply(own, function(term) if (term == "(Intercept)") rep(1, nrow(frame)) else
      as.numeric(frame[[term]]), numeric(nrow(frame)))
    mean(rowSums((Z %*% VC[[k]]) * Z))
  }, 1)
  groups <- sub("\\.[0-9]$", "", names(VC))
  of <- tapply(of, factor(groups, unique(groups)), sum)
  fixed <- var(as.numeric(model.matrix(fit) %*% fixef(fit))); residual <- sigma(fit)^2
  total <- sum(of) + residual
  list(variance = as.list(c(of, Residual = residual)),
       share = as.list(c(of / total, Residual = residual / total)),
       marginal = fixed / (fixed + total), conditional = (fixed + sum(of)) / (fixed + total))
}
fits <- lapply(seq_along(cases), function(i) {
  set.seed(i)
  own <- rows[rows$design == cases[[i]][[1]], ]; formula <- as.formula(cases[[i]][[2]])
  found <- best_fit(formula, own)
  c(list(design = cases[[i]][[1]], formula = cases[[i]][[2]]), said(found),
    list(predictions = predictions(found$fit, own), without = without(found$fit, formula, own),
         shares = shares(found$fit)))
})
written(list(r = R.version.string, packages = versions("lme4", "glmmTMB", "nloptr")),
        "fits", fits, "tests/oracles/r/mixed_predictions.json")
